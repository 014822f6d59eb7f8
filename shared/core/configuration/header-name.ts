/** Valid names of HTTP headers. https://www.rfc-editor.org/rfc/rfc9110#name-tokens */
export const headerName = /^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/;
