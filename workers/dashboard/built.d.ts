/** The modules that scripts/build-dashboard.mjs makes; they are not in the repository. */
interface PageFile {
  /** With a hash of the content: it never changes under this name. */
  readonly name: string;
  /** Media type. */
  readonly type: string;
  readonly text: string;
}

declare module '*/dist/pages/files.js' {
  export const files: Readonly<
    Record<
      'script' | 'dashboardStyle' | 'docsStyle' | 'askScript' | 'docsScript' | 'askStyle' | 'widget' | 'icon',
      PageFile
    >
  >;
}

declare module '*/dist/pages/pdf.js' {
  export const pdf: PageFile;
}
