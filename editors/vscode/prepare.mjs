// Before packaging: the licence of the repository goes into the package.
import { copyFileSync } from 'node:fs';

copyFileSync(new URL('../../LICENSE', import.meta.url), new URL('LICENSE', import.meta.url));
