// A page keeps its words in words.ts beside it.

/** Both languages of a page; TypeScript holds that they have the same keys. */
export const words = <W>(both: { en: W; ko: NoInfer<W> }) => both;
