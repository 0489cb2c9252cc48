/** A Worker deployment of another account that joins by configuration, in a workerd process of its own. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Hub, RECORDS, type Site } from './processes.ts';

export class Guest {
  readonly #deployment: Hub;

  constructor(site: Site, name: string, url: string, invitation: string) {
    this.#deployment = new Hub(site, `guest-${name}`, {
      FEDCAR_REGIONS: 'desk',
      FEDCAR_JOIN_URL: url,
      FEDCAR_JOIN_INVITE: invitation,
      FEDCAR_JOIN_ALLOW_NO_NOISE: '1',
      FEDCAR_JOIN_MAX_EPSILON: '20',
      FEDCAR_JOIN_MIN_COLLUDERS: '0',
    });
  }

  get alive(): boolean {
    return this.#deployment.alive;
  }

  /** Its queries go in through its own API and stay in its own region; `share` says which part of all they are. */
  async start(share?: { index: number; of: number }): Promise<void> {
    await this.#deployment.start();
    if (share !== undefined) {
      const records = RECORDS.filter((_, record) => record % share.of === share.index);
      await this.#deployment.call('POST', '/v1/feedback', { records, region: 'desk' });
    }
    this.#deployment.tick();
  }

  /** Waits until the hub knows it. */
  async enrolled(isKnown: () => Promise<boolean>, seconds = 120): Promise<void> {
    for (const until = Date.now() + 1000 * seconds; Date.now() < until; await sleep(200)) {
      if (await isKnown()) return;
    }
    throw new Error('the guest did not enrol');
  }

  async kill(): Promise<void> {
    await this.#deployment.kill();
  }
}
