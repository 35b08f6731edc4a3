// A hundred parallel creates of one name: one is accepted, the others are told that the name is taken.
import { openTestStore } from '@berth/testing';
import request from 'supertest';
import { makeAccess, openTestApi } from '../../api.fixture';
import { listen } from '../../http/listen';
import { problemShape } from './shapes.fixture';

test('one 202 and ninety-nine 409, and one database with one action in the store', async () => {
  const testStore = await openTestStore();
  const api = await openTestApi(testStore.secretUrl);
  const { token } = await makeAccess(api, { scopes: ['admin', 'public'] });
  const door = await listen(api.app, '127.0.0.1', 0);
  const create = () =>
    request(door.url).post('/v1/databases').auth(token.reveal(), { type: 'bearer' }).send({ name: 'one' });
  const answers = await Promise.all(Array.from({ length: 100 }, create));
  const statuses = answers.map(({ status }) => status).sort();
  expect(statuses).toEqual([202, ...Array.from({ length: 99 }, () => 409)]);
  for (const { body } of answers.filter(({ status }) => status === 409)) {
    expect(problemShape.parse(body)).toMatchObject({ code: 'name_taken', errors: [{ field: 'name' }] });
  }
  const everything = { cursor: null, limit: 100 };
  expect((await api.context.store.databases.list({}, everything)).data).toHaveLength(1);
  expect((await api.context.store.actions.list({}, everything)).data).toHaveLength(1);
  await door.close();
  await api.close();
  await testStore.close();
});
