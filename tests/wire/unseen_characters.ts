/** Characters that act on a terminal or a reader without being seen. */
export const UNSEEN_CHARACTERS = [
  ...Array.from({ length: 32 }, (_, i) => String.fromCharCode(i)),
  ...Array.from({ length: 33 }, (_, i) => String.fromCharCode(0x7f + i)),
  // Bidirectional controls (Unicode standard annex 9), separators, invisible ones, tags.
  ..."\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069",
  ..."\u2028\u2029\u00ad\u200b\u200c\u200d\u2060\ufeff\ufff9\ufffa\ufffb",
  "\u{e0001}",
  "\u{e0041}",
];
