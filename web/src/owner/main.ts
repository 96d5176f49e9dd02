import { mount } from 'svelte';
import '../styles/base.css';
import { addOwnerTexts, startI18n } from '../i18n/index.svelte';
import { startTheme } from '../theme/theme.svelte';
import Owner from './Owner.svelte';

startTheme();
await startI18n();
await addOwnerTexts();

const target = document.getElementById('app');
if (target) mount(Owner, { target });
