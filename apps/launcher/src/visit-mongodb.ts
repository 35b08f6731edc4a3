// A visit to a database of MongoDB; see visits.ts.
import { MongoClient, MongoServerError } from 'mongodb';
import { CONNECT_MS_MAX, type Visits } from './visits';

const AUTHENTICATION_FAILED = 18;
/** More notes than a demo writes: all in one answer. */
const BATCH = 10_000;

export const visitMongodb: Visits = {
  async open(url) {
    const client = new MongoClient(url.reveal(), {
      serverSelectionTimeoutMS: CONNECT_MS_MAX,
      maxPoolSize: 1, // one session is one connection
      retryReads: false,
      retryWrites: false,
    });
    const notes = client.db().collection<{ text: string }>('note');
    try {
      await client.connect();
    } catch (error) {
      await client.close();
      throw error;
    }
    return {
      write: async (text) => void (await notes.insertOne({ text })),
      read: async () => (await notes.find({}, { batchSize: BATCH }).toArray()).map(({ text }) => text),
      close: () => client.close(),
    };
  },
  isRefusal: (error) => error instanceof MongoServerError && error.code === AUTHENTICATION_FAILED,
};
