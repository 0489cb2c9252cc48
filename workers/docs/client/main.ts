/**
 * What the reference's page can do with a script: find operations by any word that stands there, copy examples, and
 * send requests with the reader's token. The page reads without it.
 */
import { keepToken, keptToken } from '../../dashboard/client/token.ts';
import { tried } from './request.ts';

/** An answer that is longer is cut. */
const MOST_CHARACTERS = 100_000;

const all = <E extends Element>(selector: string, within: ParentNode = document) => [
  ...within.querySelectorAll<E>(selector),
];

function search(field: HTMLInputElement, said: HTMLElement): void {
  const articles = all<HTMLElement>('article.operation');
  const texts = articles.map((article) => article.textContent.toLowerCase());
  const links = new Map(
    all<HTMLAnchorElement>('nav li a').map((link) => [link.hash.slice(1), link.parentElement]),
  );
  const show = () => {
    const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
    let found = 0;
    for (const [index, article] of articles.entries()) {
      const fits = words.every((word) => texts[index]!.includes(word));
      article.hidden = !fits;
      links.get(article.id)?.toggleAttribute('hidden', !fits);
      if (fits) found += 1;
    }
    for (const section of all<HTMLElement>('main section[aria-labelledby]'))
      section.hidden = all('article', section).every((article) => (article as HTMLElement).hidden);
    for (const group of all<HTMLElement>('nav details'))
      group.hidden = all('li', group).every((entry) => (entry as HTMLElement).hidden);
    said.textContent = words.length === 0 ? '' : `${found} found`;
  };
  field.addEventListener('input', show);
  // A link to what the search hides shows it again.
  window.addEventListener('hashchange', () => {
    const target = document.getElementById(location.hash.slice(1));
    if (target?.closest('[hidden]') == null) return;
    field.value = '';
    show();
    target.scrollIntoView();
  });
  document.addEventListener('keydown', (event) => {
    const typing = event.target instanceof HTMLElement && event.target.matches('input, textarea');
    if (event.key !== '/' || typing) return;
    event.preventDefault();
    field.focus();
  });
  field.hidden = false;
}

function copyButtons(): void {
  for (const example of all<HTMLElement>('pre.example')) {
    const button = document.createElement('button');
    button.type = 'button';
    button.className = 'button small copy';
    button.textContent = 'Copy';
    button.addEventListener('click', async () => {
      const done = await navigator.clipboard.writeText(example.textContent).then(
        () => 'Copied',
        () => 'Select and copy it by hand',
      );
      button.textContent = done;
      setTimeout(() => (button.textContent = 'Copy'), 2_000);
    });
    example.before(button);
  }
}

function tryForms(token: HTMLInputElement): void {
  token.value = keptToken() ?? '';
  token.addEventListener('change', () => keepToken(token.value.trim() || null));
  for (const form of all<HTMLFormElement>('form[data-path]')) {
    form.addEventListener('submit', (event) => {
      event.preventDefault();
      void send(form, token.value.trim());
    });
  }
}

async function send(form: HTMLFormElement, token: string): Promise<void> {
  const { method = 'GET', path = '' } = form.dataset;
  const status = form.querySelector('.status')!;
  const shown = form.querySelector<HTMLElement>('.answer')!;
  status.textContent = 'Waiting for the answer …';
  try {
    const fields = Object.fromEntries([...new FormData(form)].map(([name, value]) => [name, String(value)]));
    const { url, init } = tried(method, path, fields, token);
    const begin = performance.now();
    const response = await fetch(url, init);
    const text = await response.text();
    status.textContent = `${response.status} ${response.statusText} in ${Math.round(performance.now() - begin)} ms`;
    const json = /json/.test(response.headers.get('content-type') ?? '') && text !== '';
    shown.textContent = (json ? JSON.stringify(JSON.parse(text), null, 2) : text).slice(0, MOST_CHARACTERS);
    shown.hidden = text === '';
  } catch (error) {
    status.textContent =
      error instanceof TypeError && error.message.startsWith('body') ? error.message : 'No answer came.';
    shown.hidden = true;
  }
}

/** On a phone the topics alone stand before the reference: all routes would be three screens of links. */
function foldOnPhones(): void {
  if (matchMedia('(min-width: 920px)').matches) return;
  for (const group of all<HTMLDetailsElement>('nav details')) group.open = false;
}

const field = document.getElementById('search');
const token = document.getElementById('try-token');
const said = document.getElementById('found');
if (field instanceof HTMLInputElement && said !== null) search(field, said);
if (token instanceof HTMLInputElement) tryForms(token);
copyButtons();
foldOnPhones();
