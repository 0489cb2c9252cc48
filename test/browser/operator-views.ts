/** What operators do on the dashboard with a version that serves: see and erase, compare, make tokens, invite. */
import { expect, it } from 'vitest';
import type { Visit } from './visit.ts';

export function operatorTests({ desk, page, card, go }: Visit): void {
  it('shows what was said of a document, and erases one act when asked twice', async () => {
    await page().getByRole('link', { name: 'Delayed shipments' }).click();
    await card('Delayed shipments').getByText('What was said about it').click();
    const about = card('Delayed shipments').getByRole('list', { name: 'What the regions were told' });
    await about.getByText('still nothing in the mail').first().waitFor();
    await go('Privacy');
    await card('What the regions were told').getByRole('button', { name: 'Show it' }).click();
    const acts = card('What the regions were told').getByRole('list', { name: 'What the regions were told' });
    const erase = acts.getByRole('button', { name: 'Erase still nothing in the mail' }).first();
    await erase.waitFor();
    const before = await acts.getByRole('button').count();
    await erase.click();
    await page()
      .getByRole('dialog', { name: 'Erase this feedback?' })
      .getByRole('button', { name: 'Erase' })
      .click();
    await expect
      .poll(() =>
        acts
          .getByRole('button', { name: /^Erase/ })
          .first()
          .innerText(),
      )
      .not.toContain('still nothing in the mail');
    expect(before).toBeGreaterThan(2);
    const { entries } = (await desk().send('GET', '/v1/feedback?limit=1')) as {
      entries: { query: string }[];
    };
    expect(entries[0]!.query).not.toBe('still nothing in the mail');
  });

  it('compares two versions by figures, and by what each finds', async () => {
    await go('Training');
    const compare = card('Compare two versions');
    await compare.getByRole('combobox', { name: 'The other' }).selectOption('version 1, serving');
    await compare.getByRole('combobox', { name: 'One', exact: true }).selectOption('version 0, available');
    expect(new URL(page().url()).search).toBe('?compare=0-1');
    const row = compare.getByRole('row', { name: /^Right document first/ });
    expect(await row.innerText()).toMatch(/–\s+[\d.]+ %/);
    await compare.getByLabel('Question for both versions').fill('still nothing in the mail');
    await page().keyboard.press('Enter');
    await compare
      .getByText(/in version 0( too)?$/)
      .first()
      .waitFor();
  });

  it('makes a token for an agent, in the words of its client, and revokes it', async () => {
    await go('Settings');
    const agents = card('Agents');
    await agents.getByLabel('Client').selectOption('Cursor');
    await agents.getByRole('button', { name: 'Make a token for it' }).click();
    const text = agents.getByRole('region', { name: 'configuration for Cursor' });
    await expect.poll(() => text.innerText()).toMatch(/Bearer fc_\w/);
    const { mcpServers } = JSON.parse(await text.innerText()) as {
      mcpServers: { fedcar: { url: string; headers: Record<string, string> } };
    };
    const { url, headers } = mcpServers.fedcar;
    expect(url).toBe(`${desk().url}/mcp`);
    const list = { jsonrpc: '2.0', id: 1, method: 'tools/list', params: {} };
    const ask = () =>
      fetch(url, {
        method: 'POST',
        headers: {
          ...headers,
          'content-type': 'application/json',
          accept: 'application/json, text/event-stream',
        },
        body: JSON.stringify(list),
      });
    const answer = await ask();
    expect([answer.status, await answer.text()]).toEqual([200, expect.stringContaining('read_document')]);
    await card('Tokens').getByRole('button', { name: 'Revoke Agent in Cursor' }).click();
    await page().getByRole('dialog').getByRole('button', { name: 'Revoke' }).click();
    await card('Tokens')
      .getByRole('row', { name: /Agent in Cursor/ })
      .getByText('revoked')
      .waitFor();
    expect((await ask()).status).toBe(401);
  });

  it('makes a link for visitors, and shows in the audit log who did what', async () => {
    const tokens = card('Tokens');
    await tokens.getByLabel('For whom or what').fill('visitors \u{1f98a}');
    await tokens
      .getByLabel('To do what')
      .selectOption('A page or widget of this origin: ask and give feedback');
    await tokens.getByRole('button', { name: 'Make a token' }).click();
    const link = await tokens.getByRole('region', { name: 'link', exact: true }).innerText();
    expect(link).toMatch(/\/ask#token=fc_/);
    await card('Audit log').getByRole('button', { name: 'Read again' }).click();
    await card('Audit log').getByText('POST /v1/tokens').first().waitFor();
    await card('Audit log')
      .getByText('DELETE /v1/feedback/{event}')
      .or(card('Audit log').getByText('DELETE /v1/feedback/:event'))
      .first()
      .waitFor();
    await card('Settings in force').getByText('heldOutShare').waitFor();
  });

  it('draws where regions lie and what flows, and invites a separate operator', async () => {
    await go('Federation');
    const flow = card('Where regions lie, and what flows');
    await flow
      .getByRole('img', { name: /weur: \d+ documents.*Masked sums go to the coordinator; version 1 serves/ })
      .waitFor();
    const participants = card('Participants');
    await participants.getByLabel('Separate operator').fill('clinic-b');
    await participants.getByRole('button', { name: 'Invite' }).click();
    expect(await participants.getByRole('region', { name: 'invitation' }).innerText()).toMatch(/^fci2\./);
    await participants.getByRole('button', { name: 'Take back clinic-b' }).click();
    await page().getByRole('dialog').getByRole('button', { name: 'Take back' }).click();
    await expect.poll(() => participants.getByRole('row', { name: /clinic-b/ }).count()).toBe(0);
    await go('Training');
  });
}
