// What a person may set, and what is said when it is wrong.
import { homedir } from 'node:os';
import { readSettings } from './settings';

describe('the settings of the launcher', () => {
  it('have defaults that suit a bare machine', () => {
    const home = process.getuid?.() === 0 ? '/var/lib/berth' : `${homedir()}/.berth`;
    const defaults = { home, apiPort: 8080, echoLogs: false, logLevel: 'info' };
    expect(readSettings({})).toEqual(defaults);
    expect(readSettings({ BERTH_HOME: '', BERTH_PORT: '', BERTH_LOG_LEVEL: '' })).toEqual(defaults);
  });

  it('make a relative home absolute', () => {
    expect(readSettings({ BERTH_HOME: 'here' }).home).toBe(`${process.cwd()}/here`);
  });

  it('take port 0 for any free one, and refuse what is no port', () => {
    expect(readSettings({ BERTH_PORT: '0' }).apiPort).toBe(0);
    for (const port of ['abc', '-1', '65536', '80.5']) {
      expect(() => readSettings({ BERTH_PORT: port })).toThrow(
        expect.objectContaining({ code: 'setting_invalid', message: expect.stringContaining(port) }),
      );
    }
  });
});
