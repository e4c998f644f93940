// A stand-in for MongoDB in tests: smartmongo's wire-protocol server over a storage of our own. It is not MongoDB: no transactions, no change
// streams, no durability. The storage exists because smartmongo's forces _id to be an ObjectId and enforces no unique index; MongoDB keeps any
// _id, refuses a second one, and refuses a second value of a unique index.
// Usage: node server.mjs PORT   (0 takes a free port; prints "listening PORT" when ready; ends when standard input closes)
import net from 'node:net';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import path from 'node:path';

const modules = path.resolve(process.env.LAMD_MONGO_STAND_IN, 'node_modules');
const load = (file) => import(pathToFileURL(path.join(modules, '@push.rocks/smartmongo/dist_ts/congodb', file)));
const { CongoServer } = await load('server/CongoServer.js');
const { CommandRouter } = await load('server/CommandRouter.js');
const { MemoryStorageAdapter } = await load('storage/MemoryStorageAdapter.js');
const { EJSON, ObjectId } = createRequire(path.join(modules, 'x.js'))('bson');

const key = (value) => EJSON.stringify(value === undefined ? null : value, { relaxed: false });
const field = (doc, dotted) => dotted.split('.').reduce((value, name) => value?.[name], doc);

class NaturalKeyStorage extends MemoryStorageAdapter {
  async insertOne(db, name, doc) {
    const collection = this.ensureCollection(db, name);
    const stored = { ...doc, _id: doc._id ?? new ObjectId() };
    if (collection.has(key(stored._id))) throw this.duplicate(db, name, '_id_', { _id: stored._id });
    this.refuseSecondValue(db, name, stored);
    collection.set(key(stored._id), stored);
    return stored;
  }

  async findById(db, name, id) {
    return this.ensureCollection(db, name).get(key(id)) ?? null;
  }

  async updateById(db, name, id, doc) {
    const collection = this.ensureCollection(db, name);
    if (!collection.has(key(id))) return false;
    this.refuseSecondValue(db, name, doc);
    collection.set(key(id), doc);
    return true;
  }

  async deleteById(db, name, id) {
    return this.ensureCollection(db, name).delete(key(id));
  }

  refuseSecondValue(db, name, doc) {
    const unique = (this.indexes.get(db)?.get(name) ?? []).filter((index) => index.unique && index.name !== '_id_');
    for (const index of unique) {
      const value = key(Object.keys(index.key).map((part) => field(doc, part) ?? null));
      for (const other of this.ensureCollection(db, name).values()) {
        if (key(other._id) === key(doc._id)) continue;
        if (key(Object.keys(index.key).map((part) => field(other, part) ?? null)) === value) {
          throw this.duplicate(db, name, index.name, Object.fromEntries(Object.keys(index.key).map((part) => [part, field(doc, part) ?? null])));
        }
      }
    }
  }

  duplicate(db, name, index, value) {
    const error = new Error(`E11000 Duplicate key error collection: ${db}.${name} index: ${index} dup key: ${key(value)}`);
    error.code = 11000;
    return error;
  }
}

const freePort = () => new Promise((resolve, reject) => {
  const probe = net.createServer().once('error', reject);
  probe.listen(0, '127.0.0.1', () => { const { port } = probe.address(); probe.close(() => resolve(port)); });
});

const port = Number(process.argv[2] ?? 0) || await freePort();
const server = new CongoServer({ port, host: '127.0.0.1' });
server.storage = new NaturalKeyStorage();
server.commandRouter = new CommandRouter(server.storage, server);
await server.start();
console.log(`listening ${port}`);
process.stdin.resume();
process.stdin.on('end', () => process.exit(0));
