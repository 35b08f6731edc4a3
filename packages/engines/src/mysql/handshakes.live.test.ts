// A handshake that began with the old password, spoken by hand as the protocol has it, and held in its middle.
import { createHash } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import { describeWhere, eventually, whyNoMariadb } from '@berth/testing';
import { newPassword, openGround, type Tenant } from '../conformance/ground';
import { mysql } from '.';
import { openAdmin } from './admin';
import { endHandshakes, listHandshakes } from './handshakes';
import { liveServer } from './live-server';

const missing = whyNoMariadb();

describeWhere(missing === null, missing ?? '', 'a handshake held in its middle', () => {
  const live = liveServer(process.env.BERTH_TEST_MYSQL_URL ?? 'mysql://nobody');
  const ground = openGround(mysql, async () => live);

  test.each([true, false])('is let in after a lock and a new password, unless sessions are ended: %s', async (ends) => {
    const tenant = await ground.makeTenant();
    const held = await holdHandshake(tenant);
    await ground.session().removeAccess({ logins: [tenant.login] });
    await ground.session().ensurePassword(tenant.login, newPassword());
    if (ends) await ground.session().endSessions({ logins: [tenant.login] });
    expect(await held.answer()).toBe(ends ? 'cut' : 'let in'); // let in no more: rejoice
    held.socket.destroy();
  });

  test('that is nobody’s yet is ended after a second, and no other is', async () => {
    const [socket, other] = [0, 1].map(() => connect(live.admin.port, live.admin.host).on('error', () => undefined));
    if (socket === undefined || other === undefined) throw new Error('unreachable');
    const [greeting] = await Promise.all([nextPacket(socket), nextPacket(other)]);
    const id = greeting.readUInt32LE(greeting.indexOf(0) + 1);
    const closed = new Promise((resolve) => socket.once('close', resolve));
    const admin = await openAdmin(live.admin, () => 20_000);
    await eventually(async () => (await listHandshakes(admin)).includes(id), { what: 'the handshake to be seen' });
    const started = performance.now();
    expect(await endHandshakes(admin, [id])).toBe(1);
    expect(performance.now() - started).toBeGreaterThan(900);
    await closed;
    expect(await endHandshakes(admin, [id])).toBe(0);
    expect(other.destroyed || other.readableEnded).toBe(false);
    other.destroy();
    await admin.main.close();
  });

  /** Names a plugin that the login does not have, so that the server looks it up and asks once more. */
  async function holdHandshake({ database, login, password }: Tenant) {
    const socket = connect(live.admin.port, live.admin.host).on('error', () => undefined);
    await nextPacket(socket);
    const head = Buffer.alloc(32);
    head.writeUInt32LE(0x00_08_82_09, 0); // PROTOCOL_41, SECURE_CONNECTION, PLUGIN_AUTH, CONNECT_WITH_DB
    head.writeUInt32LE(1 << 24, 4);
    head.writeUInt8(45, 8);
    const names = Buffer.from(`${login.name}\0\0${database.name}\0client_ed25519\0`);
    send(socket, 1, Buffer.concat([head, names]));
    const asked = await nextPacket(socket);
    const salt = asked.subarray(asked.indexOf(0) + 1).subarray(0, 20);
    const sha1 = (...parts: Buffer[]) => createHash('sha1').update(Buffer.concat(parts)).digest();
    const once = sha1(Buffer.from(password.reveal()));
    const mask = sha1(salt, sha1(once));
    return {
      socket,
      answer: async () => {
        if (socket.destroyed || socket.readableEnded) return 'cut';
        const answered = nextPacket(socket).then(([first]) => (first === 0 ? 'let in' : 'cut'));
        send(socket, 3, Buffer.from(once.map((byte, at) => byte ^ (mask[at] ?? 0))));
        return answered;
      },
    };
  }
});

/** The body of the next packet; empty when the connection ends instead. */
function nextPacket(socket: Socket): Promise<Buffer> {
  return new Promise((resolve) => {
    socket.once('data', (data) => resolve(data.subarray(4)));
    socket.once('close', () => resolve(Buffer.alloc(0)));
  });
}

function send(socket: Socket, sequence: number, body: Buffer): void {
  const head = Buffer.alloc(4);
  head.writeUIntLE(body.length, 0, 3);
  head.writeUInt8(sequence, 3);
  socket.write(Buffer.concat([head, body]));
}
