/**
 * Which elements of a page are seen, and which of them are its content: by what HTML and WAI-ARIA give them to say so, and
 * by names that sites gave them before there was anything else.
 */
import { wordSet } from './word-set.ts';

const HIDDEN = wordSet(
  'title script style template noscript iframe object svg math head button select datalist textarea video audio canvas',
);
/** Around a page's content, unless they are inside of it. */
const FRAMES = wordSet('header footer');

/** Where elements lie by what they say they are (WAI-ARIA 1.2, landmarks). */
const ROLES = new Map<string | undefined, 'main' | 'frame'>([
  ['main', 'main'],
  ['banner', 'frame'],
  ['contentinfo', 'frame'],
]);

/** Links to the heading that they stand in, numbers of code's lines, and what leads past the menu. */
const MARKS =
  /(?:^|\s)(?:headerlink|hash-link|header-anchor|anchor-link|anchorjs-link|permalink|linenos|linenodiv|lineno|line-numbers|skip-link|md-skip|screen-reader-text|mw-editsection|mw-jump-link|mw-cite-backlink|footnote-ref|footnote-back(?:ref)?|noprint)(?:\s|$)/;
/** What asks for leave to store something, and what was put around the content before there were elements for it. */
const CONSENT =
  /(?:^|[\s_-])(?<!(?:has|with|no|is|show)[-_])(?:cookie|consent|gdpr)s?[_-]?(?:banner|consent|notice|bar|popup|dialog|modal)(?=$|[\s_-])|^(?:onetrust|cybotcookiebot|usercentrics)/i;
const OLD_FRAMES =
  /(?:^|\s)(?:nav|navbar|navigation|main-nav|site-nav|topnav|footer|site-footer|page-footer|breadcrumbs?)(?:\s|$)/;

/** Whether a reader sees nothing of an element, or nothing that belongs to the content. */
export function isHidden(name: string, attributes: Record<string, string>): boolean {
  return (
    HIDDEN.has(name) ||
    name === 'nav' ||
    MARKS.test(attributes.class?.slice(0, 500) ?? '') ||
    asksForConsent(name, attributes) ||
    (name === 'sup' && attributes.class === 'reference') ||
    attributes.role === 'search' ||
    (name === 'dialog' && !('open' in attributes)) ||
    'hidden' in attributes ||
    attributes['aria-hidden'] === 'true' ||
    attributes.role === 'navigation' ||
    /(?:^|;)\s*(?:display\s*:\s*none|visibility\s*:\s*hidden)/i.test(attributes.style?.slice(0, 500) ?? '')
  );
}

/** A part of the text may be called so, too: as a section, or by its heading. */
function asksForConsent(name: string, attributes: Record<string, string>): boolean {
  if (name !== 'div' && name !== 'aside') return false;
  const { class: classes = '', id = '' } = attributes;
  if (/(?:^|\s)section(?:\s|$)/.test(classes.slice(0, 500))) return false;
  return CONSENT.test(classes.slice(0, 500)) || CONSENT.test(id.slice(0, 500));
}

export type Place = 'main' | 'article' | 'frame';

export function placeOf(name: string, attributes: Record<string, string>): Place | null {
  const said = ROLES.get(attributes.role);
  if (said !== undefined) return said;
  if (name === 'main' || name === 'article') return name;
  if (FRAMES.has(name)) return 'frame';
  const isOld = name === 'div' || name === 'ul' || name === 'ol';
  const named = isOld ? [attributes.class, attributes.id] : [];
  return named.some((words) => OLD_FRAMES.test(words?.slice(0, 500) ?? '')) ? 'frame' : null;
}
