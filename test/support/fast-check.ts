import fc from 'fast-check';

/*
 * fast-check with the same random inputs in every run, so that no test fails by chance in another one's hands. Import it from here.
 * `FAST_CHECK_SEED=$RANDOM npm test` looks at others; what that finds becomes a test of its own.
 */
fc.configureGlobal({ seed: Number(process.env.FAST_CHECK_SEED ?? 20261128) });

export default fc;
