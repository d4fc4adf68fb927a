import { packageBuild } from '../../tools/package-build.mjs';

export default packageBuild(import.meta.dirname);
