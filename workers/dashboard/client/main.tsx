/** Entry of the dashboard in the browser: takes the place of the shell that the Worker sent. */
import { render } from 'hono/jsx/dom';
import { App } from './app.tsx';
import { Navigation } from './navigation.ts';
import { Store } from './store.ts';

const root = document.getElementById('root');
if (root === null) throw new Error('the page has no root');
const navigation = new Navigation();
const store = new Store(navigation.place.collection);
render(<App store={store} navigation={navigation} />, root);
