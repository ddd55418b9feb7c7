// Prints the results: a table of clients and scenarios, and what is to be said about single cells.
import { readFileSync } from 'node:fs';

const lines = readFileSync(process.env.RESULTS, 'utf8').trim().split('\n').map((line) => JSON.parse(line));
const unique = (key) => [...new Set(lines.map((line) => line[key]))];
const clients = unique('client');
const scenarios = unique('scenario');
const cell = (client, scenario) => lines.find((line) => line.client === client && line.scenario === scenario)?.outcome ?? '-';

clients.forEach((client, index) => console.log(`[${index + 1}] ${client}`));
const width = Math.max(...scenarios.map((scenario) => scenario.length));
const row = (name, cells) => console.log([name.padEnd(width), ...cells.map((text) => text.padEnd(7))].join('  ').trimEnd());
console.log();
row('', clients.map((_, index) => `[${index + 1}]`));
for (const scenario of scenarios) row(scenario, clients.map((client) => cell(client, scenario)));
console.log();
for (const { client, scenario, outcome, detail } of lines) {
  if (outcome !== 'ok' || (detail && !detail.startsWith('protocol'))) console.log(`${client}: ${scenario}: ${outcome}: ${detail.split('\n')[0]}`);
}
const count = (outcome) => lines.filter((line) => line.outcome === outcome).length;
console.log(`\n${count('ok')} ok, ${count('FAILED')} failed, ${count('not run')} not run`);
process.exitCode = count('FAILED') > 0 ? 1 : 0;
