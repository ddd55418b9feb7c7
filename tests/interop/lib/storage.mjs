// Storage for oidc-provider that outlives a change of keys.
export class Storage {
  #records = new Map();

  /** Makes the storage of one kind of record. */
  adapter = (kind) => {
    const records = this.#records;
    const key = (id) => `${kind}:${id}`;
    const find = async (matches) => [...records].find(([name, record]) => name.startsWith(`${kind}:`) && matches(record))?.[1];
    return {
      upsert: async (id, record) => void records.set(key(id), { ...record }),
      find: async (id) => records.get(key(id)),
      findByUid: (uid) => find((record) => record.uid === uid),
      findByUserCode: (code) => find((record) => record.userCode === code),
      consume: async (id) => void (records.get(key(id)).consumed = Math.floor(Date.now() / 1000)),
      destroy: async (id) => void records.delete(key(id)),
      revokeByGrantId: async (grantId) => {
        for (const [name, record] of records) if (record.grantId === grantId) records.delete(name);
      },
    };
  };
}
