/** The one of some words that is most like a word that was mistyped; undefined for none. */
export function nearest(word: string, words: readonly string[]): string | undefined {
  return words.toSorted((a, b) => distance(word, a) - distance(word, b))[0];
}

/** Levenshtein distance: edits of one character between two words. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const swap = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(row[j]! + 1, next[j - 1]! + 1, swap));
    }
    row = next;
  }
  return row[b.length]!;
}
