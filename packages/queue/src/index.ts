// What is whispered: the only importer of bullmq. Sends nudges, takes nudges, and hands the board its queues.

export type { NudgeQueue, QueueOptions } from './connection';
export { type ConsumeOptions, type Consumer, openConsumer } from './consume';
export { type NudgeWord, openSender, type Sender } from './send';
