#!/usr/bin/env node
import { runCommandLine } from './command.js';

void runCommandLine();
