// Starts `botserver lsp` for scripts and `botserver dap` for debugging. Everything else is in that program.
'use strict';

const vscode = require('vscode');
const { LanguageClient, State } = require('vscode-languageclient/node');

/** @type {LanguageClient | undefined} */
let client;

function program() {
  return vscode.workspace.getConfiguration('botserver').get('path') || 'botserver';
}

async function start() {
  const run = { command: program(), args: ['lsp'] };
  client = new LanguageClient('botserver', 'BotServer BASIC', { run, debug: run }, {
    documentSelector: [
      { scheme: 'file', language: 'botserver-basic' },
      { scheme: 'untitled', language: 'botserver-basic' },
    ],
  });
  try {
    await client.start();
  } catch (error) {
    const settings = 'Open settings';
    const message = `BotServer: \`${run.command} lsp\` does not start (${error.message}). Install botserver, or set botserver.path.`;
    const chosen = await vscode.window.showErrorMessage(message, settings);
    if (chosen === settings) {
      vscode.commands.executeCommand('workbench.action.openSettings', 'botserver.path');
    }
  }
}

async function stop() {
  const own = client;
  client = undefined;
  // A server that never started cannot be stopped.
  if (own && own.state !== State.Stopped) {
    await own.stop();
  }
}

async function restart() {
  await stop();
  await start();
}

/** Debugging without a launch.json runs the script that is open. */
const configurations = {
  resolveDebugConfiguration(_folder, config) {
    const editor = vscode.window.activeTextEditor;
    if (!config.type && !config.request && editor && editor.document.languageId === 'botserver-basic') {
      return { type: 'botserver', request: 'launch', name: 'Run this script', program: editor.document.uri.fsPath };
    }
    return config;
  },
};

const adapters = {
  createDebugAdapterDescriptor() {
    return new vscode.DebugAdapterExecutable(program(), ['dap']);
  },
};

async function activate(context) {
  context.subscriptions.push(
    vscode.commands.registerCommand('botserver.restart', restart),
    vscode.debug.registerDebugConfigurationProvider('botserver', configurations),
    vscode.debug.registerDebugAdapterDescriptorFactory('botserver', adapters),
    vscode.workspace.onDidChangeConfiguration(async (event) => {
      if (event.affectsConfiguration('botserver.path')) {
        await restart();
      }
    }),
  );
  await start();
}

module.exports = { activate, deactivate: stop };
