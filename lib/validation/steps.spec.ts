import { describe, expect, it } from 'vitest';
import { stepsUpTo, type StepName } from './steps.js';

const namesUpTo = (name: StepName): string =>
  stepsUpTo(name)
    .map((step) => step.name)
    .join(' ');

describe('stepsUpTo', () => {
  it.each<[StepName, string]>([
    ['form', 'form'],
    ['issuer', 'form issuer'],
    ['claims', 'form issuer claims'],
    ['key', 'form issuer algorithm key'],
    ['signature', 'form issuer algorithm key signature'],
    ['verdict', 'form issuer algorithm type claims key signature verdict'],
    ['hooks', 'form issuer algorithm type claims key signature verdict hooks'],
    ['scopes', 'scopes'],
  ])('has all that %s builds on, in the order of the pipeline', (name, names) => {
    expect(namesUpTo(name)).toBe(names);
  });
});
