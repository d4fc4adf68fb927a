/** Rows of SQLite with one encrypted column. The row's identity is authenticated, so no value can be moved to another row. */
import type { EncryptionTransformer } from '@k/encryption';
import type Database from 'libsql';

/** A table of patients whose diagnosis nobody reads in the file. */
export class Patients {
  readonly #database: Database.Database;
  readonly #encryption: EncryptionTransformer;

  constructor(database: Database.Database, encryption: EncryptionTransformer) {
    this.#database = database;
    this.#encryption = encryption;
    database.exec('CREATE TABLE IF NOT EXISTS patients (id INTEGER PRIMARY KEY, name TEXT NOT NULL, diagnosis BLOB NOT NULL)');
  }

  async add(id: number, name: string, diagnosis: string): Promise<void> {
    const stored = await this.#encryption.encryptForResource('patients', new TextEncoder().encode(diagnosis), `patients/${id}`);
    this.#database.prepare('INSERT INTO patients (id, name, diagnosis) VALUES (?, ?, ?)').run(id, name, Buffer.from(stored));
  }

  async diagnosisOf(id: number): Promise<string | null> {
    const row = this.#database.prepare('SELECT diagnosis FROM patients WHERE id = ?').get(id) as { diagnosis: ArrayBuffer } | undefined;
    if (row === undefined) return null;
    const { data } = await this.#encryption.decryptForResource('patients', new Uint8Array(row.diagnosis), `patients/${id}`);
    return new TextDecoder().decode(data);
  }

  /** Writes every row anew that lies under an old key; answers how many. */
  async rotate(): Promise<number> {
    let count = 0;
    for (const { id, diagnosis } of this.#database.prepare('SELECT id, diagnosis FROM patients').all() as {
      id: number;
      diagnosis: ArrayBuffer;
    }[]) {
      const { data, stale } = await this.#encryption.decryptForResource('patients', new Uint8Array(diagnosis), `patients/${id}`);
      if (!stale) continue;
      const stored = await this.#encryption.encryptForResource('patients', data, `patients/${id}`);
      this.#database.prepare('UPDATE patients SET diagnosis = ? WHERE id = ?').run(Buffer.from(stored), id);
      count += 1;
    }
    return count;
  }
}
