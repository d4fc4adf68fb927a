import { packageBuild } from '../../tools/package-build.mjs';

// Node and browsers get different ciphers: the choice is the importer's, not the build's.
export default packageBuild(import.meta.dirname, { external: ['#primitives'] });
