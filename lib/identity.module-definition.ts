import { ConfigurableModuleBuilder } from '@nestjs/common';
import type { IdentityModuleOptions } from './options/module-options.js';

interface Extras {
  /** Whether guards in every module find the providers without importing them. @default true */
  isGlobal?: boolean | undefined;
}

/** `forRoot` and `forRootAsync` as Nest builds them. */
export const { ConfigurableModuleClass, MODULE_OPTIONS_TOKEN } =
  new ConfigurableModuleBuilder<IdentityModuleOptions>({
    optionsInjectionToken: Symbol('nestjs-identity-model: options'),
  })
    .setClassMethodName('forRoot')
    .setFactoryMethodName('createIdentityOptions')
    .setExtras<Extras>({ isGlobal: true }, (definition, { isGlobal }) => ({
      ...definition,
      global: isGlobal ?? true,
    }))
    .build();
