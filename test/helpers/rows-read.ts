/** Rows that statements read, as the object's own storage counts them. */

/** Counts from now on. @returns ends it: rows that were read since */
export function countRowsRead(sql: SqlStorage): () => number {
  const exec = sql.exec.bind(sql);
  const cursors: { rowsRead: number }[] = [];
  Object.defineProperty(sql, 'exec', {
    configurable: true,
    value: (query: string, ...bindings: unknown[]) => {
      const cursor = exec(query, ...bindings);
      cursors.push(cursor);
      return cursor;
    },
  });
  return () => {
    Reflect.deleteProperty(sql, 'exec');
    return cursors.reduce((sum, cursor) => sum + cursor.rowsRead, 0);
  };
}
