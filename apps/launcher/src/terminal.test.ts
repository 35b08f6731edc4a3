// What is said where nobody looks: plain lines, nothing that moves.
import { PassThrough } from 'node:stream';
import { formatMs, openTerminal } from './terminal';

function openPipe(): { said(): string; terminal: ReturnType<typeof openTerminal>; end(): void } {
  const pipe = new PassThrough();
  const chunks: string[] = [];
  pipe.on('data', (chunk) => chunks.push(String(chunk)));
  return { said: () => chunks.join(''), terminal: openTerminal(pipe, false), end: () => pipe.destroy() };
}

describe('a terminal that is a pipe', () => {
  it('gets whole lines without colours, cursor movements or a live line', () => {
    const { said, terminal } = openPipe();
    terminal.heading('The main job');
    terminal.live('working');
    terminal.done('create_database', 41.4, 2);
    terminal.failed('no');
    expect(said()).toMatch(/^\nThe main job\n {2}✓ create_database +41 ms\n✗ no\n$/);
  });

  it('goes on in silence when nobody reads any more', () => {
    const { terminal, end } = openPipe();
    end();
    expect(() => terminal.say('into the void')).not.toThrow();
  });
});

test('durations read at a glance', () => {
  expect([0.4, 999, 1000, 12_345].map(formatMs)).toEqual(['0 ms', '999 ms', '1.0 s', '12.3 s']);
});
