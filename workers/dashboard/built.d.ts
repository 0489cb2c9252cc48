/** The module that scripts/build-dashboard.mjs makes; it is not in the repository. */
declare module '*/dist/pages/files.js' {
  interface PageFile {
    /** With a hash of the content: it never changes under this name. */
    readonly name: string;
    /** Media type. */
    readonly type: string;
    readonly text: string;
  }
  export const files: Readonly<
    Record<'script' | 'dashboardStyle' | 'docsStyle' | 'askScript' | 'askStyle' | 'widget' | 'icon', PageFile>
  >;
}
