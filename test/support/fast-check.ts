import fc from 'fast-check';

/*
 * fast-check with the same random inputs in every run, so that no test fails by chance in another one's hands. Import it from here.
 * `FAST_CHECK_SEED=$RANDOM npm test` looks at others; what that finds becomes a test of its own.
 */
fc.configureGlobal({ seed: Number(process.env.FAST_CHECK_SEED ?? 20261128) });

const surrogates = { first: 0xd800, count: 0x800 };

/**
 * Any one character. Texts of this unit are those of the unit `binary`, which would first list all 1.1 million characters:
 * half a second for each file that has a text of it.
 */
export const anyCharacter = fc.nat({ max: 0x10ffff - surrogates.count }).map(
  (place) => String.fromCodePoint(place < surrogates.first ? place : place + surrogates.count),
  (text) => {
    const code = typeof text === 'string' ? (text.codePointAt(0) ?? Number.NaN) : Number.NaN;
    if (Number.isNaN(code) || String.fromCodePoint(code) !== text) throw new Error('not one character');
    return code < surrogates.first ? code : code - surrogates.count;
  },
);

export default fc;
