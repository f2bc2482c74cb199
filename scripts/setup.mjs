// The door to setup-steps.mjs for the scripts of package.json. `--rebuild` builds in any case, `--clean` leaves nothing of earlier builds.
import { setUp } from './setup-steps.mjs';

process.exitCode = await setUp(new Set(process.argv.slice(2)));
