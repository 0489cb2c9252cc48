/** Entry of the Worker: the HTTP application, the cron trigger, and the classes of the Durable Objects. */
import { clock } from '../durable-objects/clock.ts';
import { directory } from '../durable-objects/names.ts';
import { createApp } from './app.ts';
import { servicesOf } from './bindings.ts';
import type { Env } from './env.ts';

export { Coordinator } from '../durable-objects/coordinator/coordinator.ts';
export { Directory } from '../durable-objects/directory/directory.ts';
export { Region } from '../durable-objects/region/region.ts';

const app = createApp(servicesOf);

export default {
  fetch: app.fetch,
  async scheduled(controller, env) {
    clock.followCron(env, controller.scheduledTime);
    await directory(env).tick(controller.scheduledTime);
  },
} satisfies ExportedHandler<Env>;
