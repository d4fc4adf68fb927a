export { goTypeName, printGoLiteral, printGoValue } from './patch/go-values.js';
export { applyJsonPatch } from './patch/json-patch.js';
export { applyMergePatch } from './patch/merge-patch.js';
export { applyStrategicMergePatch } from './patch/strategic-merge-patch.js';
