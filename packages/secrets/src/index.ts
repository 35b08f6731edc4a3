// What is hidden: the key ring, the making of passwords, and what is kept of those that are only compared. Meant to be
// audited in an hour.
export * from './access-secrets';
export * from './key-ring';
export * from './password';
export * from './password-hash';
