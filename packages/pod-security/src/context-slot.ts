/** The view of one security context, filled anew for every pod. */
import { booleanAt, type Fields, integerAt, objectAt, textAt } from './typed-fields.js';
import type { ContextView } from './view.js';

/** Where a {@link ContextView} is read into. */
export class ContextSlot implements ContextView {
  readonly contextPath: string;
  runAsNonRoot: boolean | undefined = undefined;
  runAsUser: number | undefined = undefined;
  seccompType: string | undefined = undefined;
  appArmorType: string | undefined = undefined;
  seLinuxType = '';
  seLinuxUser = '';
  seLinuxRole = '';
  hostProcess = false;

  constructor(owner: string) {
    this.contextPath = `${owner}.securityContext`;
  }

  /** Reads what pods and containers have in common; undefined = no security context, which is what most have. */
  readShared(context: Fields | undefined): void {
    if (context === undefined) {
      this.#clear();
      return;
    }
    const at = this.contextPath;
    this.runAsNonRoot = booleanAt(context['runAsNonRoot'], at, '.runAsNonRoot');
    this.runAsUser = integerAt(context['runAsUser'], at, '.runAsUser');
    const seccomp = objectAt(context['seccompProfile'], at, '.seccompProfile');
    this.seccompType = seccomp === undefined ? undefined : (textAt(seccomp['type'], at, '.seccompProfile.type') ?? '');
    const appArmor = objectAt(context['appArmorProfile'], at, '.appArmorProfile');
    this.appArmorType = appArmor === undefined ? undefined : (textAt(appArmor['type'], at, '.appArmorProfile.type') ?? '');
    const seLinux = objectAt(context['seLinuxOptions'], at, '.seLinuxOptions');
    this.seLinuxType = seLinux === undefined ? '' : (textAt(seLinux['type'], at, '.seLinuxOptions.type') ?? '');
    this.seLinuxUser = seLinux === undefined ? '' : (textAt(seLinux['user'], at, '.seLinuxOptions.user') ?? '');
    this.seLinuxRole = seLinux === undefined ? '' : (textAt(seLinux['role'], at, '.seLinuxOptions.role') ?? '');
    const windows = objectAt(context['windowsOptions'], at, '.windowsOptions');
    this.hostProcess = windows !== undefined && booleanAt(windows['hostProcess'], at, '.windowsOptions.hostProcess') === true;
  }

  #clear(): void {
    this.runAsNonRoot = undefined;
    this.runAsUser = undefined;
    this.seccompType = undefined;
    this.appArmorType = undefined;
    this.seLinuxType = '';
    this.seLinuxUser = '';
    this.seLinuxRole = '';
    this.hostProcess = false;
  }
}
