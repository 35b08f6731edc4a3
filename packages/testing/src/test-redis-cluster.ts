// A Redis Cluster of one's own: three masters without replicas, so that the loss of one takes its third of the keys away.
import { Secret } from '@berth/core';
import { findFreePort } from '@berth/embedded';
import { eventually } from './eventually';
import { openTestRedis, type TestRedis } from './test-redis';

export interface TestRedisCluster {
  /** Names two of the three. */
  url: Secret;
  /** The master that holds this key. */
  masterOf(key: string): Promise<TestRedis>;
  /** Waits until all nodes say that the cluster is whole. */
  isWhole(): Promise<unknown>;
  close(): Promise<void>;
}

const NODES = 3;
const SLOTS = 16_384;
/** Which node has a slot: each a third of them, in one piece. */
const nodeOf = (slot: number) => Math.floor((slot * NODES) / SLOTS);
/** A node that says nothing for this long is taken for dead. */
const NODE_MS_MAX = '2000';

/** Starts one and waits until it is whole. Close it in afterAll. */
export async function openTestRedisCluster(): Promise<TestRedisCluster> {
  const nodes: TestRedis[] = [];
  const close = async () => void (await Promise.all(nodes.map((node) => node.close())));
  const busPorts: number[] = [];
  try {
    while (nodes.length < NODES) {
      // chosen here: left alone it is the port and 10,000, where Linux puts outgoing connections
      const busPort = await findFreePort();
      const settings = {
        'cluster-enabled': 'yes',
        'cluster-node-timeout': NODE_MS_MAX,
        'cluster-port': String(busPort),
      };
      nodes.push(await openTestRedis(settings));
      busPorts.push(busPort);
    }
    const [first] = nodes;
    for (const [index, node] of nodes.entries()) {
      const slots = Array.from({ length: SLOTS }, (_, slot) => slot).filter((slot) => nodeOf(slot) === index);
      await expectOk(node, `CLUSTER ADDSLOTS ${slots.join(' ')}`);
      if (node !== first) await expectOk(node, `CLUSTER MEET 127.0.0.1 ${first?.port} ${busPorts[0]}`);
    }
    const isWhole = () => eventually(() => allAgree(nodes), { what: 'the Cluster to be whole', timeoutMs: 30_000 });
    await isWhole();
    return {
      url: new Secret(`redis://${nodes.slice(1).map(({ port }) => `127.0.0.1:${port}`)}`),
      async masterOf(key) {
        const [, slot] = /:(\d+)/.exec((await first?.send(`CLUSTER KEYSLOT ${key}`)) ?? '') ?? [];
        const node = nodes[nodeOf(Number(slot))];
        if (node === undefined) throw new Error(`No node holds ${key}`);
        return node;
      },
      isWhole,
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

async function expectOk(node: TestRedis, command: string): Promise<void> {
  const answer = await node.send(command);
  if (!answer.startsWith('+OK')) throw new Error(`${command.slice(0, 40)}: ${answer}`);
}

async function allAgree(nodes: TestRedis[]): Promise<boolean> {
  const infos = await Promise.all(nodes.map((node) => node.send('CLUSTER INFO')));
  return infos.every((info) => /cluster_state:ok/.test(info) && info.includes(`cluster_known_nodes:${NODES}`));
}
