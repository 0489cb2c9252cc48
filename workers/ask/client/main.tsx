/**
 * Entry of /ask and /privacy in the browser. The token is the one of the link that led here (`#token=…`, which no server sees), else
 * the tab's own, else the one that the operator gave the page for everybody.
 */
import { render } from 'hono/jsx/dom';
import { keepToken, keptToken } from '../../dashboard/client/token.ts';
import { App } from './app.tsx';
import { Conversation } from './conversation.ts';
import { PrivacyPage } from './privacy.tsx';
import { visitor } from './visitor.ts';
import { Voting } from './voting.ts';

const root = document.getElementById('root');
if (root === null) throw new Error('the page has no root');
const known = new URLSearchParams(location.hash.slice(1));
const linked = known.get('token');
if (linked !== null) keepToken(linked);
const target = {
  collection: new URLSearchParams(location.search).get('collection') ?? 'default',
  token: linked ?? keptToken() ?? root.dataset.token ?? null,
};
if (root.dataset.page === 'privacy') {
  const name = known.get('visitor') ?? visitor();
  render(<PrivacyPage target={target} name={name} />, root);
} else {
  render(<App conversation={new Conversation(target)} voting={new Voting(target)} />, root);
  document.getElementById('question')?.focus();
}
