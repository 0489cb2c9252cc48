/** Entry of the dashboard in the browser: takes the place of the shell that the Worker sent. */
import { render } from 'hono/jsx/dom';
import { App } from './app.tsx';
import { Store } from './store.ts';

const root = document.getElementById('root');
if (root === null) throw new Error('the page has no root');
const collection = new URLSearchParams(location.search).get('collection') ?? 'default';
document.title = collection === 'default' ? 'fedcar dashboard' : `${collection} · fedcar dashboard`;
const store = new Store(collection);
render(<App store={store} />, root);
