/**
 * /widget.js: a question field for anybody's page by one script tag. It draws into a shadow root, so that neither page
 * nor widget changes the other's looks; it loads nothing else, and keeps a random name for the tab alone.
 *
 *   <script src="https://YOUR-WORKER/widget.js" data-token="fc_…" defer></script>
 *
 * Attributes: data-token, data-collection, data-mode (`bubble` unless it is `inline`, which draws where the script
 * stands), data-title. Looks: the custom properties --fedcar-accent, --fedcar-ink, --fedcar-surface,
 * --fedcar-radius, --fedcar-scheme (`light`, `dark`).
 */
import { Conversation } from '../ask/client/conversation.ts';
import { visitor } from '../ask/client/visitor.ts';
import { Voting } from '../ask/client/voting.ts';
import { WIDGET } from '../ask/texts.ts';
import { drawPanel } from './panel.ts';
import styles from './widget.css';

const script = document.currentScript;
if (script instanceof HTMLScriptElement) begin(script);

function begin(tag: HTMLScriptElement): void {
  const { token, collection = 'default', mode, title = WIDGET.title } = tag.dataset;
  const target = { collection, token: token ?? null, origin: new URL(tag.src).origin };
  const host = document.createElement('div');
  const root = host.attachShadow({ mode: 'open' });
  // Allowed under any policy of the page: no inline style and no foreign sheet.
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(styles);
  root.adoptedStyleSheets = [sheet];
  const panel = drawPanel({
    title,
    conversation: new Conversation(target),
    voting: new Voting(target),
    privacy: privacyPage(target),
  });
  if (mode === 'inline') {
    panel.element.classList.add('inline');
    root.append(panel.element);
    tag.after(host);
    return;
  }
  root.append(bubble(panel, title));
  document.body.append(host);
}

/** Its address, with what the page needs behind the `#`, which no server sees: the token, and the name of this tab. */
function privacyPage({
  origin,
  collection,
  token,
}: {
  origin: string;
  collection: string;
  token: string | null;
}) {
  const query = collection === 'default' ? '' : `?collection=${encodeURIComponent(collection)}`;
  const known = new URLSearchParams({ visitor: visitor(), ...(token === null ? {} : { token }) });
  return `${origin}/privacy${query}#${known}`;
}

interface Panel {
  element: HTMLElement;
  focus(): void;
}

function bubble(panel: Panel, title: string): HTMLElement {
  const box = document.createElement('div');
  box.className = 'corner';
  const button = document.createElement('button');
  button.type = 'button';
  button.className = 'bubble';
  button.textContent = title;
  button.setAttribute('aria-expanded', 'false');
  panel.element.hidden = true;
  const show = (open: boolean) => {
    panel.element.hidden = !open;
    button.setAttribute('aria-expanded', String(open));
    button.textContent = open ? WIDGET.close : title;
    if (open) panel.focus();
    else button.focus();
  };
  button.addEventListener('click', () => show(panel.element.hidden !== false));
  panel.element.addEventListener('keydown', ({ key }) => {
    if (key === 'Escape') show(false);
  });
  box.append(panel.element, button);
  return box;
}
