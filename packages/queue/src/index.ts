// What is whispered: the only importer of bullmq. Sends nudges, takes nudges, and hands the board its queues.
export { openConsumer, type Consumer, type ConsumeOptions } from './consume';
export { openSender, type NudgeWord, type Sender } from './send';
export type { NudgeQueue, QueueOptions } from './connection';
