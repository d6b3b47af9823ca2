/** The chart library, served from its package at this place (bin/web/page-files.ts). */
export { default } from 'uplot';
