import 'reflect-metadata';
import { rewindRsaKeys } from './stored-rsa-keys.js';

// Runs before each file of tests, in a process of its own or not.
rewindRsaKeys();
