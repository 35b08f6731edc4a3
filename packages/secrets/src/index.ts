// What is hidden: the key ring, and the making of passwords. Meant to be audited in an hour.
export * from './key-ring';
export * from './password';
