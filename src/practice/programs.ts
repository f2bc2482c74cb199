// The only place that lists the acting programs of a practice host, which come first on its PATH.
import aptGet from './programs/apt-get.sh';
import dnf from './programs/dnf.sh';
import logger from './programs/logger.sh';
import reboot from './programs/reboot.sh';
import service from './programs/service.sh';
import shared from './programs/shared.sh';
import sudo from './programs/sudo.sh';
import systemctl from './programs/systemctl.sh';
import uptime from './programs/uptime.sh';
import whoami from './programs/whoami.sh';

/** Name on the host → text of the script. */
const programs: Readonly<Record<string, string>> = {
  'apt-get': aptGet,
  apt: aptGet,
  dnf,
  yum: dnf,
  logger,
  reboot,
  shutdown: reboot,
  poweroff: reboot,
  halt: reboot,
  service,
  sudo,
  systemctl,
  uptime,
  whoami,
};

/** Path below the root of a practice host → text. */
export const programFiles: readonly (readonly [path: string, text: string])[] = [
  ['opt/practice/shared.sh', shared],
  ...Object.entries(programs).map(([name, text]) => [`opt/practice/bin/${name}`, text] as const),
];
