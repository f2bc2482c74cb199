// The only place that says as whom, and with which environment, the practice fleet starts programs out here.

/**
 * What the programs outside the namespaces are started with. When we are root they run as nobody: a namespace then
 * owns nothing of this machine, and limits on the number of processes count (the kernel exempts the real root).
 */
export const asNobody = (): { readonly uid?: number; readonly gid?: number } =>
  process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {};

/** The whole environment of what is started outside; inside see namespaces.ts. */
export const bareEnvironment = { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' } as const;
