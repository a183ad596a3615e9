'use strict';
/* What a page must know before it is painted, so that nothing in it moves when the other scripts come. */
{
    const root = document.documentElement;
    root.dataset.script = '';
    if (localStorage.getItem('keys') !== 'off') {
        root.dataset.keys = '';
    }
    if (navigator.clipboard) {
        root.dataset.clipboard = '';
    }
}
