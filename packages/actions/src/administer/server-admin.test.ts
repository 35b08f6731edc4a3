// What an admin URL of each engine says of TLS, and that what would not be heeded is refused.
import { ENGINES, type EngineName, Secret, TLS_MODES } from '@berth/core';
import { rulesOf } from '@berth/engines/rules';
import { readAdminUrl } from './server-admin';

const urlOf = (engine: EngineName, settings: string) =>
  new Secret(`${rulesOf(engine).urlProtocols[0]}//admin:hush@db.example.org/x${settings}`);
const tlsOf = (engine: EngineName, settings: string) => readAdminUrl(engine, urlOf(engine, settings)).tls;

describe.each(ENGINES)('of %s', (engine) => {
  test('none is asked for by saying nothing', () => {
    expect(tlsOf(engine, '')).toBe('disable');
  });

  test.each(TLS_MODES)('%s is asked for as its ecosystem does, and read from the URLs that are given out', (mode) => {
    expect(tlsOf(engine, `?${rulesOf(engine).tlsSettings[mode]}`)).toBe(mode);
    const facts = { host: 'db.example.org', port: 1, username: 'u', password: new Secret('p'), database: 'd' };
    const given = rulesOf(engine).connectionUrl({ ...facts, tls: mode });
    expect(readAdminUrl(engine, given).tls).toBe(mode);
  });

  test.each(['?sslmode=prefer', '?ssl-mode=PREFERRED', '?tls=maybe', '?authSource=other', '?x=1', '#x'])(
    '%s is refused, for nobody would heed it',
    (settings) => {
      expect(() => readAdminUrl(engine, urlOf(engine, settings))).toThrow('The admin URL cannot be read.');
    },
  );

  test.each(['sla/sh', 'question?', 'ha#sh', 'bad%zz'])('the password %s is refused with what to do', (password) => {
    const [protocol] = rulesOf(engine).urlProtocols;
    const read = (text: string) => readAdminUrl(engine, new Secret(`${protocol}//admin:${text}@db.example.org`));
    const message = expect.stringContaining('percent-encode user and password');
    const refusal = { fields: [{ field: 'admin_url', message }] };
    expect(() => read(password)).toThrow(expect.objectContaining(refusal));
    expect(read(encodeURIComponent(password)).password.reveal()).toBe(password);
  });

  test('a setting said twice is refused', () => {
    const setting = rulesOf(engine).tlsSettings.require;
    expect(() => readAdminUrl(engine, urlOf(engine, `?${setting}&${setting}`))).toThrow('cannot be read');
  });
});

test("no engine takes another's word", () => {
  expect(() => readAdminUrl('mysql', urlOf('mysql', '?sslmode=require'))).toThrow('cannot be read');
  expect(() => readAdminUrl('postgresql', urlOf('postgresql', '?tls=true'))).toThrow('cannot be read');
});
