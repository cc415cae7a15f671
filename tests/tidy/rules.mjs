// SPDX-License-Identifier: Apache-2.0

// The rules of the house that a machine can check. Each rule is a function
// (file) -> [{line, text}], where file = {path, text, lines, code}; `code` is the text with
// comments and string contents blanked out, so that a word in a comment breaks no rule.

const FLOORS = {
  common: 0, protocol: 1, core: 2, drivers: 3, printer: 3.5, kiosk: 4, collector: 4, cloud: 4,
  'remote-admin': 4, emulators: 4, tools: 5, tests: 6, sim: 6,
};
const PROGRAM_FLOORS = ['kiosk', 'collector', 'cloud', 'tools', 'printer', 'emulators', 'sim',
  'tests'];

const isC = (file) => /\.[ch]$/.test(file.path);
const floorOf = (file) => file.path.split('/')[0];
const inFloors = (file, floors) => floors.includes(floorOf(file));

/** Blank out comments and the insides of strings and character constants; keep line structure. */
export function codeOf(text) {
  const pattern = /\/\*[\s\S]*?\*\/|\/\/[^\n]*|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'/g;
  return text.replace(pattern, (found) => {
    const blank = found.replace(/[^\n]/g, ' ');
    return found[0] === '"' || found[0] === "'" ? found[0] + blank.slice(2) + found[0] : blank;
  });
}

export function fileOf(path, text) {
  return { path, text, lines: text.split('\n'), code: isC({ path }) ? codeOf(text) : text };
}

function findAll(file, pattern, say) {
  const found = [];
  file.code.split('\n').forEach((line, index) => {
    const match = pattern.exec(line);
    if (match) {
      found.push({ line: index + 1, text: say(match) });
    }
  });
  return found;
}

// What is banned, what stands in for it, and where it is allowed all the same.
const BANS = [
  [/\b(atoi|atol|atoll|strtol|strtoul|strtoll|strtoull|sscanf)\s*\(/, 'use parse_*',
    (f) => f.path.startsWith('tests/') || f.path.startsWith('emulators/')],
  [/\b(strcpy|strcat|sprintf|strncpy|strncat|vsprintf|gets)\s*\(/, 'use str_copy or str_format',
    () => false],
  [/\b(localtime|gmtime|localtime_r|gmtime_r|clock_gettime|mktime)\s*\(/,
    'time comes from a clock_port', (f) => f.path.startsWith('drivers/clock/') ||
      inFloors(f, ['emulators', 'tests'])],
  [/(^|[^_\w.>])time\s*\(\s*(NULL|0|&)/, 'time comes from a clock_port',
    (f) => inFloors(f, ['emulators', 'tests'])],
  [/(^|[^_\w.>])(rand|srand|random|srandom|drand48)\s*\(/, 'randomness comes from a rng_port',
    () => false],
  [/(^|[^_\w.>])(system|popen)\s*\(/, 'use posix_spawn with an argument list', () => false],
  [/\balloca\s*\(/, 'stack sizes must be known', () => false],
  [/\b(malloc|calloc|realloc|strdup|strndup)\s*\(/, 'core and protocol own no memory',
    (f) => !inFloors(f, ['core', 'protocol'])],
  [/(^|[^_\w])(printf|puts|putchar)\s*\(/, 'only programs print',
    (f) => inFloors(f, PROGRAM_FLOORS) || f.path.startsWith('drivers/cardd/')],
  [/\b(double|float)\b/, 'no floating point near money', (f) => !inFloors(f, ['core'])],
  [/(^|[^_\w.>])(exit|abort|_exit|quick_exit)\s*\(/, 'only main and MUST end a program',
    (f) => /(^|\/)main\.c$/.test(f.path) || f.path === 'common/must.c' ||
      inFloors(f, ['tests', 'emulators', 'tools'])],
  [/(^|[^_\w.>])(sleep|usleep|nanosleep)\s*\(/, 'waiting is the drivers\' business',
    (f) => inFloors(f, ['drivers', 'tests', 'emulators'])],
  [/\bassert\s*\(/, 'use MUST, which never vanishes', () => false],
];

function banned(file) {
  if (!isC(file)) {
    return [];
  }
  return BANS.filter(([, , allowed]) => !allowed(file)).flatMap(([pattern, instead]) =>
    findAll(file, pattern, (match) => `${match[0].trim()} is banned: ${instead}`));
}

function openWithoutCloexec(file) {
  if (!isC(file)) {
    return [];
  }
  const found = [];
  const lines = file.code.split('\n');
  lines.forEach((line, index) => {
    const call = /(^|[^_\w.>])(open|openat)\s*\(\s*[^)]/.exec(line);
    const whole = lines.slice(index, index + 4).join(' ');
    if (call && /\bO_(RDONLY|WRONLY|RDWR)\b/.test(whole.split(';')[0]) &&
        !whole.split(';')[0].includes('O_CLOEXEC')) {
      found.push({ line: index + 1, text: 'open without O_CLOEXEC leaks into children' });
    }
  });
  return found;
}

function longLines(file) {
  if (!isC(file) && !/\.(mjs|sh|cmake)$/.test(file.path)) {
    return [];
  }
  return file.lines.flatMap((line, index) =>
    [...line].length > 100 ? [{ line: index + 1, text: 'longer than 100 columns' }] : []);
}

function upwardIncludes(file) {
  if (!isC(file)) {
    return [];
  }
  const own = FLOORS[floorOf(file)];
  const found = [];
  file.lines.forEach((line, index) => {
    const match = /^\s*#\s*include\s+"([^"]+)"/.exec(line);
    if (!match) {
      return;
    }
    const target = FLOORS[match[1].split('/')[0]];
    if (target === undefined) {
      found.push({ line: index + 1, text: `include "${match[1]}" by its full path from the root` });
    } else if (target > own || (target === own && match[1].split('/')[0] !== floorOf(file))) {
      found.push({ line: index + 1, text: `includes ${match[1]}: floors look down only` });
    }
  });
  return found;
}

function emulatorsShareNothing(file) {
  if (!file.path.startsWith('emulators/')) {
    return [];
  }
  return file.lines.flatMap((line, index) =>
    /^\s*#\s*include\s+"(protocol|core|drivers|printer|cloud|collector|kiosk)\//.test(line) ||
      /from '(\.\.\/)+(protocol|core|cloud|kiosk|collector|printer)\//.test(line)
      ? [{ line: index + 1, text: 'an emulator shares no code with what it tests' }] : []);
}

// What the auditor reads with, it must not share with what it judges. common/ is the language in
// which we write; drivers/clock is how late it is.
const AUDITOR = 'cloud/auditor/';
const AUDITOR_ALONE = 'the auditor shares no code with what it judges';
const AUDITOR_MAY = /^(cloud\/auditor|common|drivers\/clock)\//;
const AUDITOR_LINKS = /^(auditor_\w+|common|common_\w+|drivers_clock)$/;

function auditorIncludes(file) {
  return file.lines.flatMap((line, index) => {
    const name = /^\s*#\s*include\s+"([^"]+)"/.exec(line)?.[1];
    return name === undefined || AUDITOR_MAY.test(name) ? []
      : [{ line: index + 1, text: `includes ${name}: ${AUDITOR_ALONE}` }];
  });
}

// The words behind LINKS, and what target_link_libraries() names; outside libraries may be any.
function auditorLinks(file) {
  const found = [];
  let links = false;
  file.lines.forEach((line, index) => {
    for (const word of line.replace(/#.*/, '').match(/[^\s()]+/g) ?? []) {
      if (/^(LINKS|target_link_libraries)$/.test(word)) {
        links = true;
      } else if (/^(shilling_\w+|add_\w+)$/.test(word) || /^[A-Z_]+$/.test(word)) {
        links = links && /^(PUBLIC|PRIVATE|INTERFACE)$/.test(word);
      } else if (links && !word.includes('::') && !AUDITOR_LINKS.test(word) &&
          !word.startsWith('shilling-auditor')) {
        found.push({ line: index + 1, text: `links ${word}: ${AUDITOR_ALONE}` });
      }
    }
  });
  return found;
}

function auditorSharesNothing(file) {
  if (!file.path.startsWith(AUDITOR)) {
    return [];
  }
  return isC(file) ? auditorIncludes(file)
    : file.path.endsWith('CMakeLists.txt') ? auditorLinks(file) : [];
}

function longFunctions(file) {
  if (!file.path.endsWith('.c')) {
    return [];
  }
  const found = [];
  const lines = file.code.split('\n');
  let start = -1;
  lines.forEach((line, index) => {
    if (line === '{') {
      start = index;
    } else if (line === '}' && start >= 0) {
      if (index - start - 1 > 70) {
        found.push({ line: start + 1, text: `function of ${index - start - 1} lines, 70 allowed` });
      }
      start = -1;
    }
  });
  return found;
}

function longFiles(file) {
  return isC(file) && file.lines.length > 1000
    ? [{ line: 1, text: `${file.lines.length} lines: more than one idea?` }] : [];
}

function licenceLine(file) {
  const wanted = /\.(c|h|mjs|js|ts|sh|cmake|sql)$/.test(file.path) ||
    /(^|\/)(CMakeLists\.txt|shilling|run)$/.test(file.path);
  const licence = 'SPDX-License-Identifier: Apache-2.0';
  if (!wanted || file.lines.slice(0, 2).some((line) => line.includes(licence))) {
    return [];
  }
  return [{ line: 1, text: `no ${licence} in the first two lines` }];
}

function unfinishedWords(file) {
  if (/\.(md|json|po|svg)$/.test(file.path) || file.path.startsWith('tests/tidy/')) {
    return [];
  }
  return file.lines.flatMap((line, index) => /\b(TODO|FIXME|XXX|HACK)\b/.test(line)
    ? [{ line: index + 1, text: 'unfinished work: do it, or say in KNOWN_RISKS.md' }] : []);
}

function asciiOnly(file) {
  if (!isC(file) || file.path.startsWith('tests/')) {
    return [];
  }
  return file.lines.flatMap((line, index) => /[^\x00-\x7f]/.test(line)
    ? [{ line: index + 1, text: 'not ASCII: texts live in ui-assets, bytes in escapes' }] : []);
}

function doxygenTail(file) {
  if (!/^(core|drivers)\/.*\.h$/.test(file.path)) {
    return [];
  }
  const found = [];
  for (const match of file.text.matchAll(/\/\*\*([\s\S]*?)\*\/\s*([^;{]*?\([^;{]*\)[^;{]*;)/g)) {
    const declares = !/^\s*(struct|enum|typedef|#)[^(]*\{/.test(match[2]);
    if (declares && !/Blocks: [\s\S]*Allocates: /.test(match[1])) {
      const line = file.text.slice(0, match.index).split('\n').length;
      found.push({ line, text: 'doc comment lacks its last line "Blocks: ... Allocates: ..."' });
    }
  }
  return found;
}

function guarded(file) {
  const guard = /#ifndef SHILLING_\w+_H\n#define SHILLING_\w+_H/;
  return file.path.endsWith('.h') && !guard.test(file.text)
    ? [{ line: 1, text: 'include guard must be SHILLING_<PATH>_H' }] : [];
}

// The repository speaks of the product only. Spelt so that this file does not match itself.
const OUTSIDE_WORDS = new RegExp(['/wor' + 'k/', '/tmp/ba' + 'sh_jobs', '\\bissue #?\\d+\\b',
  '\\bsession \\d+\\b', 'deb\\.debian\\.o' + 'rg', 'registry\\.npmjs\\.o' + 'rg'].join('|'));

function productOnly(file) {
  return file.lines.flatMap((line, index) => OUTSIDE_WORDS.test(line)
    ? [{ line: index + 1, text: 'names something outside the product' }] : []);
}

export const RULES = {
  banned, openWithoutCloexec, longLines, upwardIncludes, emulatorsShareNothing,
  auditorSharesNothing, longFunctions, longFiles, licenceLine, unfinishedWords, asciiOnly,
  doxygenTail, guarded, productOnly,
};

/** All complaints about one file, as "path:line: rule: text". */
export function complaintsAbout(file) {
  return Object.entries(RULES).flatMap(([name, rule]) =>
    rule(file).map(({ line, text }) => `${file.path}:${line}: ${name}: ${text}`));
}

// Where a comment begins, by the ending of the file; a text is a comment from its first column.
const COMMENT_STARTS = [
  [/\.md$/, /^/],
  [/\.(c|h|mjs|js|ts)$/, /\/\*|^\s*\*|\/\//],
  [/\.(sh|cmake|cfg)$|CMakeLists\.txt$/, /#/],
  [/\.sql$/, /--/],
];

/**
 * Markdown files that a comment or a text names and that are not among @p paths: no reader could
 * look them up. A name may stand without its folder; an address on the net is somebody else's.
 */
export function lostPages(file, paths) {
  const [, starts] = COMMENT_STARTS.find(([ending]) => ending.test(file.path)) ?? [];
  if (starts === undefined) {
    return [];
  }
  const exists = (name) => paths.some((path) => path === name || path.endsWith(`/${name}`));
  return file.lines.flatMap((line, index) => {
    const start = line.search(starts);
    const names = start < 0 ? [] : line.slice(start).match(/[\w.:/-]*\w\.md\b/g) ?? [];
    return names.filter((name) => !name.includes('://'))
      .map((name) => name.replace(/^(\.{0,2}\/)+/, '')).filter((name) => !exists(name))
      .map((name) => `${file.path}:${index + 1}: lostPages: there is no ${name} here`);
  });
}

/** C files that no CMakeLists.txt names: code that nobody builds rots. */
export function orphans(paths, cmakeTexts) {
  const lists = Object.entries(cmakeTexts).map(([path, text]) =>
    ({ folder: path.includes('/') ? path.slice(0, path.lastIndexOf('/')) : '', text }));
  return paths.filter((path) => path.endsWith('.c')).filter((path) =>
    !lists.some(({ folder, text }) => {
      if (folder !== '' && !path.startsWith(`${folder}/`)) {
        return text.includes(path);
      }
      const relative = folder === '' ? path : path.slice(folder.length + 1);
      return text.includes(relative) || text.includes(path);
    })).map((path) => `${path}:1: orphans: no CMakeLists.txt builds this file`);
}
