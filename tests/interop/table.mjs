// Prints the results: a table of clients and scenarios, and a list with details.
import { readFileSync } from 'node:fs';

const lines = readFileSync(process.env.RESULTS, 'utf8').trim().split('\n').map((line) => JSON.parse(line));
const unique = (all, key) => [...new Set(all.map((line) => line[key]))];
const cell = (client, scenario) => lines.find((line) => line.client === client && line.scenario === scenario)?.outcome ?? '-';

// A scenario of several clients is a row of the table; any other is an entry of the list.
const shared = unique(lines, 'scenario').filter((scenario) => lines.filter((line) => line.scenario === scenario).length > 1);
const inTable = ({ scenario }) => shared.includes(scenario);
const clients = unique(lines.filter(inTable), 'client');
const width = Math.max(0, ...shared.map((scenario) => scenario.length));
const row = (name, cells) => console.log([name.padEnd(width), ...cells.map((text) => text.padEnd(7))].join('  ').trimEnd());
clients.forEach((client, index) => console.log(`[${index + 1}] ${client}`));
console.log();
row('', clients.map((_, index) => `[${index + 1}]`));
for (const scenario of shared) row(scenario, clients.map((client) => cell(client, scenario)));
console.log();
// What failed comes last, where the end of a long log shows it.
const failed = ({ outcome }) => outcome === 'FAILED';
for (const line of [...lines.filter((line) => !failed(line)), ...lines.filter(failed)]) {
  const late = line.detail?.startsWith('the second time');
  if (inTable(line) && line.outcome === 'ok' && !late) continue;
  const detail = line.detail ? `: ${line.detail.split('\n')[0]}` : '';
  console.log(`${line.client}: ${line.scenario}: ${line.outcome}${detail}`);
}
const count = (outcome) => lines.filter((line) => line.outcome === outcome).length;
console.log(`\n${count('ok')} ok, ${count('cannot')} cannot, ${count('FAILED')} failed, ${count('not run')} not run`);
process.exitCode = count('FAILED') > 0 ? 1 : 0;
