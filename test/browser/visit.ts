/** What tests of one view share with the others: the deployment, the page, and the way around in it. */
import type { Locator, Page } from 'playwright-core';
import type { Desk } from './desk.ts';

export interface Visit {
  desk(): Desk;
  page(): Page;
  card(name: string): Locator;
  /** Opens a view by its link. */
  go(view: string): Promise<void>;
}
