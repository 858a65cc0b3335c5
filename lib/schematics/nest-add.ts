import { posix } from 'node:path';
import { healthFiles } from './health-files.js';
import { addEntries, addImports, mentions, type ModuleEntry, type ImportedNames } from './module-source.js';

/** What `nest add nestjs-identity-model` asks for: schematics/nest-add.schema.json. */
export interface NestAddOptions {
  readonly issuer: string;
  readonly audience: string;
  readonly sourceRoot?: string | undefined;
  readonly module?: string | undefined;
  readonly skipInstall?: boolean | undefined;
}

/** Of the schematics that the Nest CLI runs: what is used of its file tree. Nothing of it reaches the disk in a dry run. */
export interface FileTree {
  exists(file: string): boolean;
  readText(file: string): string;
  create(file: string, content: string): void;
  overwrite(file: string, content: string): void;
  getDir(folder: string): { visit(visitor: (file: string) => void): void };
}

/** What is used of the context that a schematic is run in. */
export interface RunContext {
  readonly logger: { info(message: string): void; warn(message: string): void };
  addTask(task: { toConfiguration(): { name: string; options: object } }): unknown;
}

interface Manifest {
  readonly type?: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly [member: string]: unknown;
}

/** Of the lines that the package supports; `nest new` brings the rest. */
const PACKAGES: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  11: { '@nestjs/passport': '^11.0.5', '@nestjs/terminus': '^11.1.1', passport: '^0.7.0' },
  12: { '@nestjs/passport': '^12.0.0', '@nestjs/terminus': '^12.1.0', passport: '^0.7.0' },
};
const LOCK_FILES: Readonly<Record<string, string>> = {
  'pnpm-lock.yaml': 'pnpm',
  'yarn.lock': 'yarn',
  'bun.lock': 'bun',
  'bun.lockb': 'bun',
};

/** A part of what is added. */
interface Part {
  readonly entry: ModuleEntry;
  readonly imports: ImportedNames;
}

/**
 * The schematic behind `nest add nestjs-identity-model`: adds `IdentityModule`, the guard of the whole application and a health
 * controller to an application. What the sources have already is not added again.
 *
 * @throws {Error} if the file of the root module is missing or cannot be edited; nothing is written then
 */
export function nestAdd(options: NestAddOptions): (tree: FileTree, context: RunContext) => void {
  return (tree, context) => {
    const { sourceRoot = 'src', module = 'app.module.ts' } = options;
    const manifest = JSON.parse(tree.readText('package.json')) as Manifest;
    const suffix = manifest.type === 'module' ? '.js' : '';
    const sources = readSources(tree, sourceRoot);
    const has = (...names: string[]): boolean =>
      sources.some((source) => names.every((name) => mentions(source, name)));

    const addsHealth = !has('IdentityHealthIndicator') && isFree(tree, context, sourceRoot);
    const parts = [
      ...(addsHealth ? [healthPart(suffix)] : []),
      ...(has('IdentityModule') ? [] : [modulePart(options)]),
      ...(has('IdentityAuthGuard', 'APP_GUARD') ? [] : [GUARD_PART]),
    ];
    if (parts.length > 0) editModule(tree, posix.join(sourceRoot, module), parts);
    if (addsHealth) {
      for (const [file, content] of Object.entries(healthFiles(suffix)))
        tree.create(posix.join(sourceRoot, file), content);
    }
    addPackages(tree, context, manifest, options.skipInstall === true);
    context.logger.info(
      parts.length === 0
        ? 'The application has the module, the guard and the health check already.'
        : 'Put @Public() of nestjs-identity-model on public routes: all others need a token now.',
    );
  };
}

const GUARD_PART: Part = {
  entry: { list: 'providers', text: '{ provide: APP_GUARD, useExisting: IdentityAuthGuard }' },
  imports: { APP_GUARD: '@nestjs/core', IdentityAuthGuard: 'nestjs-identity-model' },
};

const modulePart = ({ issuer, audience }: NestAddOptions): Part => ({
  entry: {
    list: 'imports',
    text: `IdentityModule.forRoot({ issuer: ${quote(issuer)}, audience: ${quote(audience)} })`,
  },
  imports: { IdentityModule: 'nestjs-identity-model' },
});

const healthPart = (suffix: string): Part => ({
  entry: { list: 'imports', text: 'HealthModule' },
  imports: { HealthModule: `./health/health.module${suffix}` },
});

/** As a literal of TypeScript. */
const quote = (text: string): string => `'${text.replace(/[\\']/g, '\\$&').replace(/\s/g, ' ')}'`;

function readSources(tree: FileTree, sourceRoot: string): string[] {
  const sources: string[] = [];
  tree.getDir(sourceRoot).visit((file) => {
    if (/(?<!\.spec|\.d)\.ts$/.test(file) && !file.includes('/node_modules/'))
      sources.push(tree.readText(file));
  });
  return sources;
}

/** A health check of the application's own stays: it may be asked by probes. */
function isFree(tree: FileTree, { logger }: RunContext, sourceRoot: string): boolean {
  const taken = Object.keys(healthFiles(''))
    .map((file) => posix.join(sourceRoot, file))
    .find((file) => tree.exists(file));
  if (taken === undefined) return true;
  logger.warn(
    `${taken} exists and stays as it is: add identity.check('identity') of IdentityHealthIndicator to it, and @Public() so that probes reach it.`,
  );
  return false;
}

function editModule(tree: FileTree, file: string, parts: readonly Part[]): void {
  if (!tree.exists(file)) throw new Error(`${file} does not exist: name the root module with --module`);
  const imported = addImports(
    tree.readText(file),
    Object.assign({}, ...parts.map(({ imports }) => imports)) as ImportedNames,
  );
  const edited = addEntries(
    imported,
    parts.map(({ entry }) => entry),
  );
  if (edited === undefined) {
    const list = parts.map(({ entry }) => `${entry.text} to ${entry.list}`).join(', ');
    throw new Error(
      `${file} has not one @Module({ … }) whose imports and providers are written out as lists: add ${list} yourself`,
    );
  }
  tree.overwrite(file, edited);
}

/** The peers of the package, in the versions of the application's NestJS. */
function addPackages(tree: FileTree, context: RunContext, manifest: Manifest, skipInstall: boolean): void {
  const { dependencies = {} } = manifest;
  const line = /\d+/.exec(dependencies['@nestjs/core'] ?? '')?.[0] ?? '';
  const missing = Object.entries(PACKAGES[line] ?? {}).filter(([name]) => !(name in dependencies));
  if (missing.length === 0) return;
  const all = Object.entries({ ...dependencies, ...Object.fromEntries(missing) });
  const sorted = Object.fromEntries(all.toSorted(([a], [b]) => (a < b ? -1 : 1)));
  tree.overwrite('package.json', `${JSON.stringify({ ...manifest, dependencies: sorted }, null, 2)}\n`);
  if (skipInstall) return;
  const lockFile = Object.keys(LOCK_FILES).find((file) => tree.exists(file)) ?? '';
  const options = { command: 'install', packageManager: LOCK_FILES[lockFile] ?? 'npm' };
  context.addTask({ toConfiguration: () => ({ name: 'node-package', options }) });
}
