// The only place that listens: the driver's Unix socket, 0600, or 0660 in a group's folder, for whoever may enter it.
// Who is let in decides the folder; what is said over it, the desk.
import { chmodSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { fail, ok, type Result } from '../domain/result.ts';
import { type DeskSetting, openDesk } from './desk.ts';
import type { HeldLease } from './ports.ts';
import { leavePlace, type PlaceSetting, placeForSocket } from './socket-place.ts';
import { socketPipe } from './wire.ts';

export type ServerSetting = DeskSetting &
  PlaceSetting & {
    readonly stateDir: string;
    /** Only the driver of the folder may remove a socket that its predecessor left. */
    readonly lease: HeldLease;
  };

export type DriverServer = {
  readonly socketPath: string;
  clients(): number;
  /** Lets nobody in any more, ends what is open, removes the socket. */
  close(): Promise<void>;
};

/** Listens; resolves when clients can connect. @failure state-folder */
export const serveDriver = async (setting: ServerSetting): Promise<Result<DriverServer>> => {
  if (!setting.lease.held()) throw new Error('the socket belongs to the holder of the lease');
  try {
    const socketPath = placeForSocket(setting.stateDir, setting);
    rmSync(socketPath, { force: true });
    const desk = openDesk(setting);
    const server = createServer(socket => desk.join(socketPipe(socket)));
    await new Promise<void>((listening, refused) => {
      server.once('error', refused);
      server.listen(socketPath, listening);
    });
    server.on('error', setting.onBug);
    chmodSync(socketPath, setting.shared === undefined ? 0o600 : 0o660);
    return ok({
      socketPath,
      clients: desk.clients,
      async close() {
        const closed = new Promise<void>(resolve => server.close(() => resolve()));
        desk.close();
        await closed;
        leavePlace(setting.stateDir);
      },
    });
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === undefined) throw error;
    return fail({ tag: 'state-folder', cause: message });
  }
};
